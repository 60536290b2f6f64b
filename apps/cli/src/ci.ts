// The variables by which the reference recognises a CI system, where nobody sits at the terminal, plus the common CI=true.
const CI_VARIABLES = [
  'PULUMI_CI_SYSTEM',
  'APPVEYOR',
  'CODEBUILD_BUILD_ARN',
  'bamboo_planKey',
  'BITBUCKET_COMMIT',
  'TF_BUILD',
  'BUILDKITE',
  'CIRCLECI',
  'CF_BUILD_URL',
  'DRONE',
  'GITHUB_ACTIONS',
  'GITLAB_CI',
  'GO_PIPELINE_LABEL',
  'HUDSON_URL',
  'JENKINS_URL',
  'MAGNUM',
  'SEMAPHORE',
  'TEAMCITY_VERSION',
  'TRAVIS',
] as const

/** Whether this is a known CI system. `PULUMI_DISABLE_CI_DETECTION` switches the check off, as in the reference. */
export function isCi(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['PULUMI_DISABLE_CI_DETECTION']) return false
  if (env['CI'] !== undefined && env['CI'] !== '' && env['CI'] !== 'false') return true
  return CI_VARIABLES.some((name) => env[name] !== undefined && env[name] !== '')
}
