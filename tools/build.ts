// pnpm build: dist/ of every public package, ES modules by tsup and declarations by tsc.
//
// The entries are those of `exports`; where each lands is what `publishConfig.exports` says. Dependencies stay imports, those
// on packages of this workspace too, so that two packages in one program share one copy of a third. A package that imports itself by name
// means an entry that is one file for Node and another for browsers: that stays an import too.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build as tsup } from 'tsup'
import { generate } from './generate.ts'
import { entryFiles, type Manifest, root, workspacePackages } from './source-files.ts'

/** Writes the modules of one package to a folder: `rows/index.js` for `src/rows/index.ts`. */
export async function bundle(name: string, manifest: Manifest, outDir: string): Promise<void> {
  const sources = new Set([
    ...Object.values(manifest.exports).flatMap(entryFiles),
    ...Object.values(manifest.bin ?? {}),
  ])
  const entry = Array.from(sources, (path) => [
    path.replace(/^\.\/src\/(.*)\.ts$/, '$1'),
    join(root, 'packages', name, path),
  ])
  await tsup({
    config: false,
    entry: Object.fromEntries(entry),
    outDir,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    // What src imports from npm or from the workspace is in `dependencies` (tools/check-imports.ts): nothing is inlined.
    external: [
      /^node:/,
      ...[manifest.name, ...Object.keys(manifest.dependencies ?? {})].map((each) => new RegExp(`^${each}(/|$)`)),
    ],
    tsconfig: join(root, 'packages', name, 'tsconfig.json'),
    clean: false,
    dts: false,
    silent: true,
    sourcemap: false,
  })
}

if (import.meta.main) {
  if (generate().failed.length > 0) process.exit(1)
  const tsc = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-b'], { cwd: root, stdio: 'inherit' })
  if (tsc.status !== 0) process.exit(1)
  for (const [name, manifest] of workspacePackages()) {
    if (manifest.private) continue
    await bundle(name, manifest, join(root, 'packages', name, 'dist'))
    console.log(`${manifest.name}: ${Object.keys(manifest.exports).length} entries`)
  }
}
