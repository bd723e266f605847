// Before the first paint, so that a dark page never flashes white. A file of its own: the policy allows no inline script.
try {
  const theme = localStorage.getItem('hansa.theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is off: the system's preference stands.
}
