/** A number, formatted already, of things: one of them has another name than several. */
export const plural = (count: string, one: string, several = `${one}s`): string => `${count} ${count === '1' ? one : several}`;
