/* The page's scripts are joined in one scope, so they are looked over as one text; what is found is told by file. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import js from "@eslint/js";
import { Linter } from "eslint";
import globals from "globals";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../../templates");
const NAMES = process.argv.slice(2).map((name) => `${name}.js`);
const MORE = {
  "array-callback-return": "error", "consistent-return": "off", curly: ["error", "multi-line"], eqeqeq: "error",
  "no-alert": "error", "no-console": "error", "no-eval": "error", "no-implied-eval": "error", "no-new-func": "error",
  "no-param-reassign": "off", "no-self-compare": "error", "no-throw-literal": "error", "no-unused-expressions": ["error", { allowShortCircuit: true, allowTernary: true }],
  "no-unused-vars": "error", "no-var": "error", "prefer-const": "error", "no-use-before-define": "off",
};
const lines = NAMES.flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").map((text, at) => ({ name, at: at + 1, text })));
const found = new Linter().verify(lines.map((line) => line.text).join("\n"), [
  js.configs.recommended,
  { languageOptions: { ecmaVersion: 2023, sourceType: "script", globals: { ...globals.browser } }, rules: MORE },
]);
for (const one of found) {
  const line = lines[one.line - 1];
  console.error(`templates/${line?.name}:${line?.at}:${one.column}: ${one.message} (${one.ruleId})`);
}
console.log(`${NAMES.length} scripts, ${found.length} faults`);
process.exit(found.length ? 1 : 0);
