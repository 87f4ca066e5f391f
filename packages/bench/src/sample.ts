// Text to compress: reproducible, and about as compressible as prose. Words are drawn by rank from a list (Zipf's law), in lines of varying length.

const SYLLABLES = ['ka', 'lo', 'mi', 'ren', 'su', 'ta', 'vor', 'e', 'an', 'di', 'ol', 'per', 'qua', 'sti', 'u', 'zem']
const WORDS = 1500

/** `length` bytes of text, the same at every call. */
export function sampleText(length: number): Uint8Array {
  const random = generator(0x2545f491)
  const words = Array.from({ length: WORDS }, () => {
    let word = ''
    for (let n = 1 + (random() % 4); n > 0; n--) word += SYLLABLES[random() % SYLLABLES.length]
    return word
  })
  // Rank r is drawn with a probability of 1 / r, by integers.
  const upTo = new Int32Array(WORDS)
  for (let r = 0, sum = 0; r < WORDS; r++) upTo[r] = sum += Math.floor((1 << 20) / (r + 1))
  const out = new Uint8Array(length)
  let column = 0
  for (let at = 0; at < length; ) {
    const drawn = random() % upTo[WORDS - 1]
    const word = words[upTo.findIndex((sum) => drawn < sum)]
    for (let i = 0; i < word.length && at < length; i++) out[at++] = word.charCodeAt(i)
    column += word.length + 1
    if (at < length) out[at++] = column > 72 ? 10 : 32
    if (column > 72) column = 0
  }
  return out
}

/** xorshift32. */
function generator(seed: number): () => number {
  let x = seed
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
}
