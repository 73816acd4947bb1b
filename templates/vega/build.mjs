// Builds runtime.js.gz, its hash and LICENSES.txt from the lockfile's packages: npm ci --ignore-scripts && node build.mjs
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
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
const used = [...new Set(Object.keys(built.metafile.inputs).flatMap((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []))].sort();
const owners = new Map(); // text of a licence -> the packages under it
for (const name of used) {
  const root = `node_modules/${name}`, { version, license } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
  const file = readdirSync(root).find((entry) => /^licen[sc]e/i.test(entry));
  const text = (file ? readFileSync(`${root}/${file}`, "utf8") : readFileSync("node_modules/vega-view/LICENSE", "utf8")).replace(/\r/g, "").trim();
  owners.set(text, [...(owners.get(text) ?? []), `${name} ${version} (${license})`]);
}
const licences = [...owners].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`).join(`\n${"-".repeat(80)}\n\n`);
writeFileSync("LICENSES.txt", `Packages inside runtime.js.gz, which stands in every page\n\n${licences}`);

// the notices travel with the code, as their licences ask
const code = `/*!\n${licences.replace(/[^\x20-\x7e\n]/g, "?").replace(/\*\//g, "* /")}*/\n${built.outputFiles[0].text}`;
if (/<\/script|<!--/i.test(code)) throw new Error("runtime.js: holds </script or <!--; it can't stand in a page");
const packed = gzipSync(code, { level: 9, memLevel: 9 });
packed[9] = 255; // the operating system that packed it
writeFileSync("runtime.js.gz", packed);
writeFileSync("runtime.sha256", createHash("sha256").update(code).digest("base64") + "\n");

console.log(`runtime.js ${code.length} bytes, packed ${packed.length}; ${used.length} packages`);
