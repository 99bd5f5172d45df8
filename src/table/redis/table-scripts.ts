/** The scripts that change the table, each one step at the server; their files say what goes in and out. */
import { loadScript } from './redis-script.ts';

const PRELUDE = new URL('./scripts/prelude.lua', import.meta.url);
const script = (name: string) => loadScript(new URL(`./scripts/${name}.lua`, import.meta.url), PRELUDE);

export const SCRIPTS = {
  registerWorker: script('register-worker'),
  changeStatus: script('change-status'),
  removeWorker: script('remove-worker'),
  beat: script('beat'),
  putModel: script('put-model'),
  describeModel: script('describe-model'),
  removeModel: script('remove-model'),
  stateLoad: script('state-load'),
  readPulse: script('read-pulse'),
  lead: script('lead'),
  resign: script('resign'),
  sendCommand: script('send-command'),
  answerCommand: script('answer-command'),
} as const;
