// The four layouts that yaml.v3 takes for a timestamp: month, day, hour, minute and second have one or two digits. With
// T there is a zone, with blanks there is none. Go's own parser reads a comma like the point before the fraction.
const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt]| +)(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)?)?$/

/**
 * A YAML timestamp in Go's default format for times, `2020-01-02 03:04:05.1 +0200 +0200`, which is how the reference
 * turns it into text; undefined where the text is not a timestamp that yaml.v3 knows.
 *
 * The reference names a zone that is also the machine's own (`+0200 CEST`); this answer is the one of a machine on UTC.
 */
export function goTimestamp(text: string): string | undefined {
  const match = TIMESTAMP.exec(text)
  if (match === null) return undefined
  const [, year = '', month = '', day = '', separator, hour = '0', minute = '0', second = '0', digits = '', zone] =
    match
  if ((separator === 'T' || separator === 't') !== (zone !== undefined)) return undefined
  if (!isDate(Number(year), Number(month), Number(day))) return undefined
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined

  const date = `${year}-${two(month)}-${two(day)}`
  const fraction = digits.slice(0, 9).replace(/0+$/, '')
  const time = `${two(hour)}:${two(minute)}:${two(second)}${fraction === '' ? '' : '.'}${fraction}`
  if (zone === undefined || zone === 'Z') return `${date} ${time} +0000 UTC`

  const zoneHour = Number(zone.slice(1, 3))
  const zoneMinute = Number(zone.slice(4))
  // Go takes offsets of 24 hours and of 60 minutes, as some writers use them.
  if (zoneHour > 24 || zoneMinute > 60) return undefined
  const offset = zoneHour * 60 + zoneMinute
  if (offset === 0) return `${date} ${time} +0000 UTC`
  const hours = two(String(Math.floor(offset / 60)))
  const minutes = two(String(offset % 60))
  // The reference writes and reads the time once more before it prints it, and then no longer takes this offset.
  if (offset >= 25 * 60) return `${date}T${time}${zone.slice(0, 1)}${hours}:${minutes}`
  const name = zone.slice(0, 1) + hours + minutes
  return `${date} ${time} ${name} ${name}`
}

function isDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  if (month === 2) return day <= (leap ? 29 : 28)
  return day <= ([4, 6, 9, 11].includes(month) ? 30 : 31)
}

function two(digits: string): string {
  return digits.padStart(2, '0')
}
