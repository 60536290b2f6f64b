import { describe, expect, test } from 'vitest'
import { parseFileUrl } from '../../src/backend/backend-url.ts'
import { thrownBy } from '../thrown-by.ts'

const options = { cwd: '/work folder/at', user: () => ({ name: 'me', home: '/home/m%20e' }) }

describe('a file:// URL', () => {
  test.each([
    ['file:///srv/state', '/srv/state'],
    ['file:///srv/state/', '/srv/state'],
    ['file:///srv/../var/./state', '/var/state'],
    ['file:///srv/my%20state', '/srv/my state'],
    ['file:///srv/my state', '/srv/my state'],
    ['file:///srv/%C3%BC', '/srv/ü'],
    ['file:///srv/ü', '/srv/ü'],
    ['file://.', '/work folder/at'],
    ['file://', '/work folder/at'],
    ['file://./state', '/work folder/at/state'],
    ['file://../state', '/work folder/state'],
    ['file://state', '/work folder/at/state'],
    ['file://localhost/state', '/work folder/at/localhost/state'],
    ['file://~', '/home/m%20e'],
    ['file://~/state', '/home/m%20e/state'],
    ['file:///srv/state#here', '/srv/state'],
    ['file:///srv/state?metadata=skip', '/srv/state'],
    ['file:///srv/a%3Fb', '/srv/a?b'],
    ['file://./st%61te', '/work folder/at/state'],
    ['file://%C3%BC/a', '/work folder/at/ü/a'],
    ['file://a:1/b', '/work folder/at/a:1/b'],
    ['file://a@b/c', '/work folder/at/a@b/c'],
  ])('%s is the folder %s', (url, folder) => {
    expect(parseFileUrl(url, options).folder).toBe(folder)
  })

  test.each([
    ['', { sidecars: true, create: false, folderMode: 0o777 }],
    ['?metadata=skip', { sidecars: false, create: false, folderMode: 0o777 }],
    ['?metadata=', { sidecars: true, create: false, folderMode: 0o777 }],
    ['?no_tmp_dir=true&create_dir=1', { sidecars: true, create: true, folderMode: 0o777 }],
    ['?create_dir=', { sidecars: true, create: false, folderMode: 0o777 }],
    ['?dir_file_mode=0700', { sidecars: true, create: false, folderMode: 0o700 }],
    ['?dir_file_mode=0o750', { sidecars: true, create: false, folderMode: 0o750 }],
    ['?dir_file_mode=448', { sidecars: true, create: false, folderMode: 0o700 }],
    ['?dir_file_mode=0x1c0', { sidecars: true, create: false, folderMode: 0o700 }],
    ['?metadata=skip&metadata=', { sidecars: false, create: false, folderMode: 0o777 }],
    ['?base_url=http://x&secret_key_path=k', { sidecars: true, create: false, folderMode: 0o777 }],
  ])('with the parameters %s says how files are kept', (query, expected) => {
    expect(parseFileUrl(`file:///srv/state${query}`, options)).toEqual({ folder: '/srv/state', ...expected })
  })

  test.each([
    'file:/srv/state',
    'FILE:///srv/state',
    'file:///srv/%zz',
    'file://st%61te',
    'file://my state',
    'file://a:b/state',
    'file:///srv/%ff',
    'file:///srv/state?metadata=all',
    'file:///srv/state?colour=red',
    'file:///srv/state?dir_file_mode=rwx',
    'file:///srv/state?base_url=http://x',
    'file:///srv/st\nate',
  ])('%j is refused', (url) => {
    expect(thrownBy(() => parseFileUrl(url, options)).code).toBe('ERR_INVALID_BACKEND_URL')
  })

  test('with ~ is refused where the system knows no home', () => {
    expect(thrownBy(() => parseFileUrl('file://~', { cwd: '/', user: () => undefined })).code).toBe(
      'ERR_INVALID_BACKEND_URL',
    )
  })
})
