import { makePrinter, type Printer } from '@k23/machinst/rows'
import { tables } from '../gen/tables.ts'
import { vocabulary } from './vocabulary.ts'

/** Text as GNU as takes it, with ABI register names. */
export const print: Printer = makePrinter(tables, vocabulary)
