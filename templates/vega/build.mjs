// Builds runtime.js.gz, its hash and LICENSES.txt from the lockfile's packages: npm ci --ignore-scripts && node build.mjs
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const stub = { // geography, CSV and TopoJSON: reachable from Vega's function table, never used by our charts
  name: "stub",
  setup(it) {
    it.onResolve({ filter: /^(d3-geo|d3-dsv|topojson-client)$/ }, (at) => ({ path: at.path, namespace: "stub" }));
    it.onLoad({ filter: /.*/, namespace: "stub" }, (at) => ({ contents: names(at.path).map((name) => `export const ${name} = undefined;`).join("\n") }));
  },
};
const names = (module) => ({
  "d3-geo": ["geoArea", "geoBounds", "geoCentroid"],
  "d3-dsv": ["dsvFormat"],
  "topojson-client": ["feature", "mesh"],
}[module]);

const built = await build({
  entryPoints: ["entry.js"], bundle: true, minify: true, format: "iife", target: "es2022",
  charset: "ascii", legalComments: "none", write: false, metafile: true, plugins: [stub],
});
const code = built.outputFiles[0].text;
if (/<\/script|<!--/i.test(code)) throw new Error("runtime.js: holds </script or <!--; it can't stand in a page");
const packed = gzipSync(code, { level: 9, memLevel: 9 });
packed[9] = 255; // the operating system that packed it
writeFileSync("runtime.js.gz", packed);
writeFileSync("runtime.sha256", createHash("sha256").update(code).digest("base64") + "\n");

const used = [...new Set(Object.keys(built.metafile.inputs).flatMap((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []))].sort();
const licences = used.map((name) => {
  const root = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  const file = readdirSync(root).find((entry) => /^licen[sc]e/i.test(entry));
  const text = file ? readFileSync(`${root}/${file}`, "utf8").trim() : "(the package carries no licence file; see Vega's below)";
  return `${name} ${version} (${license})\n\n${text}\n`;
});
writeFileSync("LICENSES.txt", `Packages inside runtime.js.gz\n\n${licences.join("\n" + "-".repeat(80) + "\n\n")}`);
console.log(`runtime.js ${code.length} bytes, packed ${packed.length}; ${used.length} packages`);
