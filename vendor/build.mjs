// Builds portal/static/vendor and portal/tests/vendor from the exact versions in package.json: `npm ci && npm run build`.
// For maintainers only. What is built is committed; a manifest names version, licence and sha256 of every file.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(here, "node_modules");
const served = resolve(here, "../portal/static/vendor");
const forTests = resolve(here, "../portal/tests/vendor");

const COPIES = [
  [served, "tabler.min.css", "@tabler/core", "dist/css/tabler.min.css", ["@tabler/core"]],
  [served, "tabler.min.js", "@tabler/core", "dist/js/tabler.min.js", ["@tabler/core", "@popperjs/core"]],
  [served, "htmx.min.js", "htmx.org", "dist/htmx.min.js", ["htmx.org"]],
  [served, "hx-sse.min.js", "htmx.org", "dist/ext/hx-sse.min.js", ["htmx.org"]],
  [forTests, "axe.min.js", "axe-core", "axe.min.js", ["axe-core"]],
];
const BUNDLES = [
  ["echarts.js", "echarts", []],
  ["dagre.js", "dagre", ["@dagrejs/graphlib"]], // dagre's own file contains it
  ["editor.js", "CodeMirror", []],
];

const described = (name) => {
  const { version, license } = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"));
  return { name, version, licence: license };
};

const withoutSourceMap = (text) => text.replace(/^\s*(\/\/|\/\*)[#@]\s*sourceMappingURL=.*$/gm, "").trimEnd() + "\n";

const packageOf = (input) => {
  const parts = input.split("node_modules/").pop().split("/");
  return parts[0].startsWith("@") ? `${parts[0]}/${parts[1]}` : parts[0];
};

function licenceText(name) {
  const kept = join(here, "licences", `${name.replace("/", "-")}.txt`);
  if (existsSync(kept)) return readFileSync(kept, "utf8");
  const files = readdirSync(join(packages, name)).filter((file) => /^(licen[cs]e|notice)/i.test(file)).sort().flatMap(
    (file) => statSync(join(packages, name, file)).isFile() ? [file]
      : readdirSync(join(packages, name, file)).sort().map((inner) => join(file, inner)));
  if (!files.length) throw new Error(`${name} has no licence file. Add vendor/licences/${name.replace("/", "-")}.txt.`);
  return files.map((file) => readFileSync(join(packages, name, file), "utf8")).join("\n\n").trimEnd() + "\n";
}

function sprite() {
  const names = readFileSync(join(here, "icons.txt"), "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
  const symbols = names.map((name) => {
    const svg = readFileSync(join(packages, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
    const shapes = inner.replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "").replace(/\s*\n\s*/g, "");
    return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" `
      + `stroke-linecap="round" stroke-linejoin="round">${shapes}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

async function bundle(file, global, contained) {
  const result = await build({
    entryPoints: [join(here, "entries", file)], absWorkingDir: here, bundle: true, minify: true, format: "iife",
    globalName: global, target: "es2020", legalComments: "none", write: false, metafile: true,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const inputs = Object.keys(result.metafile.inputs).filter((input) => input.includes("node_modules/"));
  const names = new Set([...inputs.map(packageOf), ...contained]);
  return [result.outputFiles[0].text, [...names].sort()];
}

const written = new Map([[served, []], [forTests, []]]);
function put(folder, path, text, names) {
  const clean = withoutSourceMap(text);
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), clean);
  written.get(folder).push({
    path, sha256: createHash("sha256").update(clean).digest("hex"), bytes: Buffer.byteLength(clean),
    packages: names.map(described),
  });
}

for (const folder of written.keys()) rmSync(folder, { recursive: true, force: true });
for (const [folder, path, name, source, names] of COPIES) {
  put(folder, path, readFileSync(join(packages, name, source), "utf8"), names);
}
put(served, "icons.svg", sprite(), ["@tabler/icons"]);
for (const [file, ...how] of BUNDLES) put(served, file, ...(await bundle(file, ...how)));
for (const [folder, files] of written) {
  const names = [...new Set(files.flatMap((file) => file.packages.map((one) => one.name)))].sort();
  for (const name of names) put(folder, `licences/${name.replace("/", "-")}.txt`, licenceText(name), [name]);
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ files }, null, 2) + "\n");
}
