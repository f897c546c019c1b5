// node pack.mjs DIR CACHE: makes the scripts and the compiler in DIR small, in place. CACHE keeps what
// came out, so that nothing is packed twice.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { minify } from 'terser';

const [dir, cache] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const WASM_OPT = path.join(path.dirname(require.resolve('binaryen/package.json')), 'bin', 'wasm-opt');

/** What browsers with garbage collection in WebAssembly know; nothing newer. */
const FEATURES = ['gc', 'reference-types', 'bulk-memory', 'nontrapping-float-to-int', 'sign-ext',
  'exception-handling', 'mutable-globals', 'multivalue'];

/** The world stays open: functions are handed to JavaScript as references, which it calls. */
function packWasm(from, to) {
  execFileSync(process.execPath, [WASM_OPT, ...FEATURES.map((f) => `--enable-${f}`), '-Oz', '-Oz', '-Oz',
    '--reorder-functions', from, '-o', to], { stdio: 'inherit' });
}

async function packScript(from, to) {
  const { code } = await minify(fs.readFileSync(from, 'utf8'), { module: true, ecma: 2022 });
  fs.writeFileSync(to, code);
}

const hash = (file) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

fs.mkdirSync(cache, { recursive: true });
for (const name of fs.readdirSync(dir)) {
  const pack = { '.wasm': packWasm, '.js': packScript }[path.extname(name)];
  const file = path.join(dir, name);
  if (!pack || fs.existsSync(path.join(cache, `${hash(file)}.done`))) continue;
  const packed = path.join(cache, `${hash(file)}${path.extname(name)}`);
  if (!fs.existsSync(packed)) {
    const part = `${packed}.part`;
    await pack(file, part);
    fs.renameSync(part, packed);
    fs.writeFileSync(path.join(cache, `${hash(packed)}.done`), '');
  }
  fs.copyFileSync(packed, file);
}
