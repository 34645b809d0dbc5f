// Uses a server over standard input and output with the protocol's TypeScript SDK, and says what it
// sees, a line each. Arguments: the folder that has node_modules, and the server's command line.
import { createRequire } from "node:module";

const [folder, command, ...args] = process.argv.slice(2);
const require = createRequire(folder + "/");
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = require("@modelcontextprotocol/sdk/client/stdio.js");

const say = (what, value) => console.log(`${what}: ${JSON.stringify(value)}`);
const failure = async (promise) => {
  try {
    return { value: await promise };
  } catch (error) {
    return { code: error.code, message: error.message };
  }
};

const client = new Client({ name: "sdk_client", version: "1.0.0" });
client.onerror = (error) => say("client error", error.message);
await client.connect(new StdioClientTransport({ command, args }));
say("server", client.getServerVersion());
say("capabilities", client.getServerCapabilities());
say("instructions", client.getInstructions());
await client.ping();
say("ping", "answered");

const names = [];
const pages = [];
let cursor;
do {
  const page = await client.listTools({ cursor });
  pages.push(page.tools.length);
  names.push(...page.tools.map((tool) => tool.name));
  cursor = page.nextCursor;
} while (cursor !== undefined);
say("pages", pages);
say("tools", names);
say("wrong cursor", (await failure(client.listTools({ cursor: "*" }))).code);

const call = (name, args, options) => client.callTool({ name, arguments: args }, undefined, options);
const sum = await call("calculator", { expression: "6 * 7" });
say("calculator", [sum.isError, sum.structuredContent, sum.content.map((part) => part.type)]);
const wrong = await call("calculator", { expression: 7 });
say("wrong argument", [wrong.isError, wrong.content[0].text]);
const failed = await call("calculator", { expression: "1 / 0" });
say("failure", [failed.isError, failed.content[0].text]);
say("unknown tool", await failure(call("none", {})));
say("unknown method", (await failure(client.listPrompts())).message);

// The shorter call is answered first, so that they ran at once.
const order = [];
await Promise.all([
  call("slow", { milliseconds: 1000 }).then(() => order.push("slow")),
  call("calculator", { expression: "1 + 1" }).then(() => order.push("calculator")),
]);
say("order", order);

// Cancelled when it has surely begun, because what was sent after it is answered.
const controller = new AbortController();
const cancelled = failure(call("slow", { milliseconds: 1500 }, { signal: controller.signal }));
await client.ping();
controller.abort("enough");
say("cancelled", (await cancelled).message);
// An answer to the cancelled call would come before this one's, and be a client error.
say("after", (await call("slow", { milliseconds: 2000 })).structuredContent);
await client.close();
say("closed", true);
