/** Deliberately wrong: a decision that looks at the clock. */
export const decide = () => Date.now() > 0;
