// Builds runtime.js.gz, its hash and LICENSES.txt from the lockfile's packages: npm ci --ignore-scripts && node build.mjs
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipAsync } from "@gfx/zopfli";

const NOTHING = { // what our charts never use, reachable from Vega's tables: geography, CSV, TopoJSON, dates, curves, palettes
  "d3-geo": ["geoArea", "geoBounds", "geoCentroid"],
  "d3-dsv": ["dsvFormat"],
  "topojson-client": ["feature", "mesh"],
  "d3-time-format": ["timeFormat", "timeParse", "utcFormat", "utcParse", "timeFormatLocale"],
};
const CURVES = ["StepBefore", "StepAfter", "Step", "Natural", "MonotoneX", "MonotoneY", "LinearClosed", "CatmullRomOpen", "CatmullRomClosed",
  "CatmullRom", "CardinalClosed", "CardinalOpen", "Cardinal", "Bundle", "BasisOpen", "BasisClosed", "Basis"];
const written = {
  shapes: `export { arc, area, curveLinear, line, symbol } from "d3-shape";\n${CURVES.map((name) => `export const curve${name} = undefined;`).join("\n")}`,
  palettes: "export const discrete = {}, continuous = {};",
  canvas: "export default undefined; export const setHybridRendererOptions = undefined;",
  handler: 'export { default } from "./node_modules/vega-scenegraph/src/Handler.js";', // a view makes one before it knows what it draws with
  ...Object.fromEntries(Object.entries(NOTHING).map(([from, names]) => [from, names.map((name) => `export const ${name} = undefined;`).join("\n")])),
};
const lean = {
  name: "lean",
  setup(it) {
    const own = (path) => ({ path, namespace: "written", sideEffects: false });
    it.onResolve({ filter: new RegExp(`^(${Object.keys(NOTHING).join("|")})$`) }, (at) => own(at.path));
    it.onResolve({ filter: /^d3-shape$/ }, (at) => (at.namespace === "written" ? null : own("shapes")));
    it.onResolve({ filter: /\/palettes\.js$/ }, () => own("palettes"));
    it.onResolve({ filter: /\/CanvasHandler\.js$/ }, () => own("handler"));
    it.onResolve({ filter: /\/(CanvasRenderer|HybridHandler|HybridRenderer)\.js$/ }, () => own("canvas"));
    // their sources, file by file, so that what nothing imports stays out
    it.onResolve({ filter: /^vega-(transforms|scenegraph|scale)$/ }, (at) => ({ path: resolve("node_modules", at.path, "index.js"), sideEffects: at.path === "vega-scale" }));
    it.onLoad({ filter: /.*/, namespace: "written" }, (at) => ({ contents: written[at.path], resolveDir: resolve(".") }));
  },
};

const built = await build({
  entryPoints: ["entry.js"], bundle: true, minify: true, format: "iife", target: "es2022",
  charset: "ascii", legalComments: "none", write: false, metafile: true, plugins: [lean],
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
const packed = Buffer.from(await gzipAsync(code, { numiterations: 30 }));
packed[9] = 255; // the operating system that packed it
writeFileSync("runtime.js.gz", packed);
writeFileSync("runtime.sha256", createHash("sha256").update(code).digest("base64") + "\n");

console.log(`runtime.js ${code.length} bytes, packed ${packed.length}; ${used.length} packages`);
