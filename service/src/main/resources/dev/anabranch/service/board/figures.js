// Numbers as a reader sees them: traffic in MB (10⁶ bytes), memory in MiB (2²⁰ bytes), MACs.

/** Three digits that tell, thousands set apart, no exponent: 0.00412, 12.3, 1,234. */
export function three(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const digits = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toLocaleString('en-US', {minimumFractionDigits: digits, maximumFractionDigits: digits});
}

export const megabytes = bytes => bytes / 1e6;
export const mebibytes = bytes => bytes / 1048576;
export const gigamacs = macs => macs / 1e9;
export const mb = bytes => three(megabytes(bytes)) + ' MB';
export const mib = bytes => three(mebibytes(bytes)) + ' MiB';
export const gmacs = macs => three(gigamacs(macs)) + ' GMACs';

/** An accuracy or an error of one. */
export function accuracy(value) {
  return known(value) ? value.toFixed(3) : '–';
}

export function known(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

/** A ratio in per cent; a dash without a reference. */
export function share(part, whole) {
  if (!known(part) || !known(whole) || whole <= 0) return '–';
  const percent = 100 * part / whole;
  if (percent === 0) return '0 %';
  if (percent < 0.01) return 'under 0.01 %';
  return percent.toLocaleString('en-US', {maximumFractionDigits: percent >= 99.95 ? 0 : percent >= 0.1 ? 1 : 2}) + ' %';
}

/** 42 s, 12.5 min, 3.1 h. */
export function duration(seconds) {
  if (!known(seconds)) return '–';
  if (seconds < 120) return three(seconds) + ' s';
  return seconds < 7200 ? three(seconds / 60) + ' min' : three(seconds / 3600) + ' h';
}

/** 1 visit, 2 visits. */
export function count(number, noun) {
  return number.toLocaleString('en-US') + ' ' + noun + (number === 1 ? '' : 's');
}

/** 2026-11-21 20:32, in the time of the reader's clock. */
export function moment(iso) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '–';
  const two = number => String(number).padStart(2, '0');
  return at.getFullYear() + '-' + two(at.getMonth() + 1) + '-' + two(at.getDate()) + ' ' + two(at.getHours()) + ':' + two(at.getMinutes());
}

/** just now, 4 min ago, 3 h ago, 12 days ago. */
export function ago(iso, now = Date.now()) {
  const seconds = (now - new Date(iso).getTime()) / 1000;
  if (Number.isNaN(seconds)) return '–';
  if (seconds < 45) return 'just now';
  if (seconds < 5400) return Math.max(1, Math.round(seconds / 60)) + ' min ago';
  if (seconds < 129600) return Math.round(seconds / 3600) + ' h ago';
  return Math.round(seconds / 86400) + ' days ago';
}

/** [ROUND 3/8]; without the number of rounds where it is not known. */
export function roundMark(round, rounds) {
  return '[ROUND ' + round + (rounds > 0 ? '/' + Math.max(round, rounds) : '') + ']';
}

/** 5 of 50 devices. */
export function cohort(some, all) {
  return some.toLocaleString('en-US') + (all > 0 ? ' of ' + count(all, 'device') : ' devices');
}
