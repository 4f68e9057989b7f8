// The page for an address at which there is nothing.

import { run } from "./shell.js";

run(() => {});
