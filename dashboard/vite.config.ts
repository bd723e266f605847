import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// For `npm run dev`: a node whose dashboard answers for the chains and for TAXII.
const node = process.env.HANSA_NODE ?? 'http://127.0.0.1:8080';
// The node answers a WebSocket (events) to pages of its own host and port only: for it, what comes through here comes from there.
const proxied = { target: new URL(node).origin, ws: true, changeOrigin: true, rewriteWsOrigin: true };

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    // Where the node's crate embeds it from.
    outDir: '../crates/dashboard/assets/dist',
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page allows no data: scripts, and small files are cheap from this machine.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/rpc': proxied, '/zones': proxied, '/taxii2': proxied, '/local': proxied } },
});
