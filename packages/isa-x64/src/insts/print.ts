import { makeX64Printer, type Printer } from '@k23/machinst/rows'
import { tables } from '../gen/tables.ts'
import { R64_NAMES, vocabulary } from './vocabulary.ts'

/** AT&T text as GNU as takes it. */
export const print: Printer = makeX64Printer(tables, vocabulary, R64_NAMES)
