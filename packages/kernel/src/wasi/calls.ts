// The calls of wasi_snapshot_preview1, one per row: name, parameters, implementation. All but proc_exit give an errno.
import * as file from './files.ts'
import * as path from './paths.ts'
import { pollOneoff } from './poll.ts'
import * as process from './process.ts'
import type { Run } from './program.ts'

/** Parameters: `i` an i32, `I` an i64. */
export type Row = readonly [name: string, params: string, run: Run]

// biome-ignore format: table
export const calls: readonly Row[] = [
  ['args_get',                'ii',        process.argsGet],
  ['args_sizes_get',          'ii',        process.argsSizesGet],
  ['environ_get',             'ii',        process.environGet],
  ['environ_sizes_get',       'ii',        process.environSizesGet],
  ['clock_res_get',           'ii',        process.clockResGet],
  ['clock_time_get',          'iIi',       process.clockTimeGet],
  ['fd_advise',               'iIIi',      file.fdAdvise],
  ['fd_allocate',             'iII',       file.fdAllocate],
  ['fd_close',                'i',         file.fdClose],
  ['fd_datasync',             'i',         file.fdDatasync],
  ['fd_fdstat_get',           'ii',        file.fdFdstatGet],
  ['fd_fdstat_set_flags',     'ii',        file.fdFdstatSetFlags],
  ['fd_fdstat_set_rights',    'iII',       file.fdFdstatSetRights],
  ['fd_filestat_get',         'ii',        file.fdFilestatGet],
  ['fd_filestat_set_size',    'iI',        file.fdFilestatSetSize],
  ['fd_filestat_set_times',   'iIIi',      file.fdFilestatSetTimes],
  ['fd_pread',                'iiiIi',     file.fdPread],
  ['fd_prestat_get',          'ii',        file.fdPrestatGet],
  ['fd_prestat_dir_name',     'iii',       file.fdPrestatDirName],
  ['fd_pwrite',               'iiiIi',     file.fdPwrite],
  ['fd_read',                 'iiii',      file.fdRead],
  ['fd_readdir',              'iiiIi',     file.fdReaddir],
  ['fd_renumber',             'ii',        file.fdRenumber],
  ['fd_seek',                 'iIii',      file.fdSeek],
  ['fd_sync',                 'i',         file.fdSync],
  ['fd_tell',                 'ii',        file.fdTell],
  ['fd_write',                'iiii',      file.fdWrite],
  ['path_create_directory',   'iii',       path.pathCreateDirectory],
  ['path_filestat_get',       'iiiii',     path.pathFilestatGet],
  ['path_filestat_set_times', 'iiiiIIi',   path.pathFilestatSetTimes],
  ['path_link',               'iiiiiii',   path.pathLink],
  ['path_open',               'iiiiiIIii', path.pathOpen],
  ['path_readlink',           'iiiiii',    path.pathReadlink],
  ['path_remove_directory',   'iii',       path.pathRemoveDirectory],
  ['path_rename',             'iiiiii',    path.pathRename],
  ['path_symlink',            'iiiii',     path.pathSymlink],
  ['path_unlink_file',        'iii',       path.pathUnlinkFile],
  ['poll_oneoff',             'iiii',      pollOneoff],
  ['proc_exit',               'i',         process.procExit],
  ['proc_raise',              'i',         process.notSupported],
  ['random_get',              'ii',        process.randomGet],
  ['sched_yield',             '',          process.schedYield],
  ['sock_accept',             'iii',       process.notSupported],
  ['sock_recv',               'iiiiii',    process.notSupported],
  ['sock_send',               'iiiii',     process.notSupported],
  ['sock_shutdown',           'ii',        process.notSupported],
]
