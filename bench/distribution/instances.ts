/** Gateways, or instances of a proxy, that stand before the same workers and share the load. */
export const INSTANCES = [1, 3] as const;

export function instancesText(instances: number): string {
  return instances === 1 ? '1 gateway' : `${instances} gateways`;
}
