// node pack.mjs DIR CACHE: makes the scripts and the compiler in DIR small, in place. CACHE keeps what
// came out, so that nothing is packed twice. Beside them goes the library that reads tokenizers.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { minify } from 'terser';

const [dir, cache] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const WASM_OPT = path.join(path.dirname(require.resolve('binaryen/package.json')), 'bin', 'wasm-opt');

/** What browsers with garbage collection in WebAssembly know; nothing newer. */
const FEATURES = ['gc', 'reference-types', 'bulk-memory', 'nontrapping-float-to-int', 'sign-ext',
  'exception-handling', 'mutable-globals', 'multivalue'];

/** Further passes find more in a module that is read anew: 1 KB after compression. */
const PASSES = [['-Oz', '-Oz', '--reorder-functions'], ['--gufa', '-Oz']];

/** The world stays open: functions are handed to JavaScript as references, which it calls. */
function packWasm(from, to) {
  let next = from;
  for (const passes of PASSES) {
    execFileSync(process.execPath, [WASM_OPT, ...FEATURES.map((f) => `--enable-${f}`), ...passes, next, '-o', to],
      { stdio: 'inherit' });
    next = to;
  }
}

async function packScript(from, to) {
  const { code } = await minify(fs.readFileSync(from, 'utf8'), { module: true, ecma: 2022 });
  fs.writeFileSync(to, code);
}

const hash = (file) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

/** Where a file is noted that is as small as it gets. */
const done = (file) => path.join(cache, `${hash(file)}.done`);

/** The library of tokenizers, which is packed already. */
function bringTokenizers() {
  const from = fileURLToPath(new URL('./node_modules/@huggingface/tokenizers', import.meta.url));
  const { name, version, license } = JSON.parse(fs.readFileSync(path.join(from, 'package.json'), 'utf8'));
  const to = path.join(dir, 'tokenizers.js');
  fs.writeFileSync(to, `/*! ${name} ${version}, ${license}, https://github.com/huggingface/tokenizers.js */\n`
    + fs.readFileSync(path.join(from, 'dist', 'tokenizers.min.mjs'), 'utf8'));
  fs.writeFileSync(done(to), '');
}

fs.mkdirSync(cache, { recursive: true });
bringTokenizers();
for (const name of fs.readdirSync(dir)) {
  const pack = { '.wasm': packWasm, '.js': packScript }[path.extname(name)];
  const file = path.join(dir, name);
  if (!pack || fs.existsSync(done(file))) continue;
  const packed = path.join(cache, `${hash(file)}${path.extname(name)}`);
  if (!fs.existsSync(packed)) {
    const part = `${packed}.part`;
    await pack(file, part);
    fs.renameSync(part, packed);
    fs.writeFileSync(done(packed), '');
  }
  fs.copyFileSync(packed, file);
}
