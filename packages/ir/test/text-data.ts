// The files of the shared test data, for the tests of the text format.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const dataFolder: string = process.env.K23_TEST_DATA ?? join(import.meta.dirname, '../../../../shared/data')
export const hasData: boolean = existsSync(join(dataFolder, 'clif-runtests'))

export interface DataFile {
  readonly name: string
  readonly text: string
}

/** All CLIF files; empty where the data is missing. */
export function dataFiles(): DataFile[] {
  if (!hasData) return []
  const out: DataFile[] = []
  for (const folder of ['clif-runtests', 'clif-filetests']) {
    for (const name of readdirSync(join(dataFolder, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      if (name.endsWith('.clif'))
        out.push({ name: `${folder}/${name}`, text: readFileSync(join(dataFolder, folder, name), 'utf8') })
    }
  }
  return out
}
