/** Counts what the watch changed: pages that show emergencies then load anew. */
export const seen = $state({ changes: 0 });
