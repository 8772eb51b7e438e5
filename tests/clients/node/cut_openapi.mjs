// Cuts GitHub's OpenAPI description down to some paths and to what those refer to, because Prism takes very long over
// all of it. What the description says in prose about media types, which is where it says it, is put into its
// responses, so that Prism checks the header Accept too.
//
//   node cut_openapi.mjs DESCRIPTION RESULT PATH...

import { readFileSync, writeFileSync } from 'node:fs';

const [description, result, ...paths] = process.argv.slice(2);
const api = JSON.parse(readFileSync(description, 'utf8'));
const kept = { openapi: api.openapi, info: api.info, paths: {}, components: {} };

// Keeps whatever is referred to from here.
function follow(value) {
  if (value === null || typeof value !== 'object') return;
  if (typeof value.$ref === 'string') {
    const [root, section, kind, name, ...more] = value.$ref.split('/');
    if (root !== '#' || section !== 'components' || more.length > 0) throw new Error(`unexpected ${value.$ref}`);
    const there = (kept.components[kind] ??= {});
    if (!(name in there)) {
      there[name] = api.components[kind][name];
      follow(there[name]);
    }
  }
  // Ids and counts are never negative. The description does not say so, and Prism makes answers up.
  if (value.type === 'integer') value.minimum ??= 0;
  Object.values(value).forEach(follow);
}

for (const path of paths) {
  if (!(path in api.paths)) throw new Error(`the description has no ${path}`);
  kept.paths[path] = api.paths[path];
  follow(api.paths[path]);
}

// "Setting to application/vnd.github+json is recommended", says the documentation of every operation.
const operations = Object.values(kept.paths).flatMap((path) => Object.values(path));
const responses = [...operations.flatMap((one) => Object.values(one.responses)), ...Object.values(kept.components.responses)];
for (const { content } of responses) {
  if (content?.['application/json']) content['application/vnd.github+json'] = content['application/json'];
}

const diff = 'diff --git a/README b/README\nindex 1..2 100644\n--- a/README\n+++ b/README\n@@ -1 +1 @@\n-Helo\n+Hello\n';
for (const operation of operations.filter((one) => one.description?.includes('`application/vnd.github.diff`'))) {
  operation.responses['200'].content['application/vnd.github.diff'] = { schema: { type: 'string' }, example: diff };
}

writeFileSync(result, JSON.stringify(kept));
