#!/usr/bin/env node
console.error('k23: no commands yet')
process.exitCode = 2
