// The tools of this connector. What each is called, takes and gives stands in wit/world.wit; names are in camelCase here.
// Every call gets a fresh instance: nothing that is left in a variable is there for the next one.

export function countLevels(log) {
  const levels = { errors: 0, warnings: 0, others: 0, firstError: undefined };
  for (const line of log.split('\n').filter((line) => line.trim())) {
    if (/\b(error|fatal|critical|panic)\b/i.test(line)) {
      levels.errors += 1;
      levels.firstError ??= line.trim();
    } else if (/\b(warn|warning)\b/i.test(line)) {
      levels.warnings += 1;
    } else {
      levels.others += 1;
    }
  }
  if (levels.errors + levels.warnings + levels.others === 0) {
    // The call fails with these words, and whoever called reads them.
    throw 'the log has no lines';
  }
  return levels;
}
