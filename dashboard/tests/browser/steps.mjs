// What several tests do.
const SECOND = 1_000;

/** The inside of a panel of this name. */
export const table = (page, name) => page.locator(`div[role="region"][aria-label="${name}"]`);

export async function connect(page) {
  await page.getByRole('button', { name: 'Connect wallet' }).click();
  await page.getByRole('button', { name: 'Test wallet' }).click();
  await page.getByRole('button', { name: 'Connect wallet' }).waitFor({ state: 'detached' });
  // It is modal: nothing behind it takes what is typed.
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
}

export async function sign(page) {
  await page.getByRole('button', { name: 'Sign in wallet' }).click();
  await page.getByText('done', { exact: true }).waitFor({ timeout: 20 * SECOND });
}

export async function incident(page) {
  await page.getByRole('button', { name: 'Simulate an incident' }).click();
  await page.getByRole('button', { name: 'Begin', exact: true }).click();
  const outcome = page.getByTestId('incident-outcome');
  const problem = page.getByTestId('incident-problem');
  await outcome.or(problem).waitFor({ timeout: 120 * SECOND });
  if (await problem.isVisible()) throw new Error(await problem.innerText());
}
