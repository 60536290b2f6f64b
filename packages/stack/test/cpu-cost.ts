const LENGTH = 1 << 13
const SAMPLES = 4
const SAMPLE_MS = 3
const ATTEMPTS = 8

/**
 * How many times the CPU time of `run(input(n))` grows when n doubles: the smallest of several samples on each side, each
 * of them repeated until it takes some milliseconds. The inputs stay small enough for a processor's cache, whose limits
 * would show as growth. Other work on the machine only ever adds to a sample, so a ratio that is too high is measured
 * again, and the lowest counts.
 */
export function costOfDoubling<T>(input: (n: number) => T, run: (value: T) => unknown): number {
  const [single, double] = [input(LENGTH), input(2 * LENGTH)]
  let times = 1
  // Three samples each: the first runs of a function are slow whatever its input.
  while (smallest(run, single, times, 3) < SAMPLE_MS && times < 1 << 16) times *= 2
  let lowest = Infinity
  for (let attempt = 0; attempt < ATTEMPTS && lowest > 2.1; attempt++) {
    lowest = Math.min(lowest, smallest(run, double, times, SAMPLES) / smallest(run, single, times, SAMPLES))
  }
  return lowest
}

function smallest<T>(run: (value: T) => unknown, value: T, times: number, samples: number): number {
  return Math.min(...Array.from({ length: samples }, () => sample(run, value, times)))
}

function sample<T>(run: (value: T) => unknown, value: T, times: number): number {
  const before = process.cpuUsage()
  for (let i = 0; i < times; i++) {
    try {
      run(value)
    } catch {
      // A refusal is an answer too; what it costs is the question here.
    }
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
