const SAMPLES = 5
const SAMPLE_MS = 4
const ATTEMPTS = 5

/**
 * How many times the CPU time of `run(input(n))` grows when n doubles: the smallest of several samples on each side,
 * with n so large that one sample takes some milliseconds. Other work on the machine only ever adds to a sample, so a
 * ratio that is too high is measured again, and the lowest counts.
 */
export function costOfDoubling<T>(input: (n: number) => T, run: (value: T) => unknown): number {
  let n = 1 << 12
  // Three samples each: the first runs of a function are slow whatever its input.
  while (smallest(run, input(n), 3) < SAMPLE_MS && n < 1 << 23) n *= 2
  const [single, double] = [input(n), input(2 * n)]
  let lowest = Infinity
  for (let attempt = 0; attempt < ATTEMPTS && lowest > 2.1; attempt++) {
    lowest = Math.min(lowest, smallest(run, double, SAMPLES) / smallest(run, single, SAMPLES))
  }
  return lowest
}

function smallest<T>(run: (value: T) => unknown, value: T, samples: number): number {
  return Math.min(...Array.from({ length: samples }, () => sample(run, value)))
}

function sample<T>(run: (value: T) => unknown, value: T): number {
  const before = process.cpuUsage()
  try {
    run(value)
  } catch {
    // A refusal is an answer too; what it costs is the question here.
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
