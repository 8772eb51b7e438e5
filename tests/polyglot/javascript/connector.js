// A connector in JavaScript. It exports `tools` of the world `tool-connector` and nothing else.
import { log, setting } from 'bulkhead:connector/host@0.2.0';

const schema = (properties) =>
  JSON.stringify({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false });

// One entry for each tool: what is listed of it, and what it does with arguments that its schema has accepted.
const TOOLS = [
  {
    name: 'count_words',
    title: 'Count words',
    description: 'Tells how often each word occurs in a text.',
    inputSchema: schema({ text: { type: 'string' } }),
    outputSchema: schema({ words: { type: 'object', additionalProperties: { type: 'integer' } } }),
    annotations: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
    run({ text }) {
      const words = {};
      for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
        words[word] = (words[word] ?? 0) + 1;
      }
      log('info', `counted ${Object.keys(words).length} words`);
      return { words };
    },
  },
  {
    name: 'fetch_text',
    title: 'Fetch a text',
    description: 'Gets a path of the configured server. Every other place is refused.',
    inputSchema: schema({ url: { type: 'string', description: 'A path below base_url, or a URL.' } }),
    annotations: { readOnly: true, destructive: false, idempotent: true, openWorld: true },
    async run({ url }) {
      const response = await fetch(url.startsWith('/') ? setting('base_url') + url : url);
      return { status: response.status, text: await response.text() };
    },
  },
];

export const tools = {
  describe() {
    return TOOLS.map(({ run, ...listed }) => listed);
  },

  async call(name, argumentsText, round) {
    const tool = TOOLS.find((tool) => tool.name === name);
    // What is thrown is the error of the function's result.
    if (!tool) throw { tag: 'unknown', val: name };
    try {
      const structured = JSON.stringify(await tool.run(JSON.parse(argumentsText)));
      return { tag: 'done', val: { content: [], structured } };
    } catch (error) {
      throw { tag: 'upstream', val: [undefined, String(error?.message ?? error)] };
    }
  },
};
