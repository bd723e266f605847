import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// For `npm run dev`: a node whose dashboard answers for the chains and for TAXII.
const node = process.env.HANSA_NODE ?? 'http://127.0.0.1:8080';
const proxied = { target: node, ws: true, changeOrigin: true };

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
