/** Single numbers out of a server's metrics. */
import { send } from './oip-client.ts';

/** The sum of a metric's samples whose labels include those given; 0 without any. */
export async function metric(
  server: { readonly url: string },
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const text = (await send(`${server.url}/metrics`)).body.toString('utf8');
  let sum = 0;
  for (const line of text.split('\n')) {
    const sample = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample?.[1] !== name) continue;
    const given = sample[2] ?? '';
    if (Object.entries(labels).every(([label, value]) => given.includes(`${label}="${value}"`)))
      sum += Number(sample[3]);
  }
  return sum;
}

/** Memory of the gateway's process that is in RAM, in bytes, as it says itself. */
export function residentBytes(server: { readonly url: string }): Promise<number> {
  return metric(server, 'process_resident_memory_bytes');
}
