// Each recipe of the README, bundled as an application would bundle it, for the browser and for the server.
import assert from "node:assert/strict";
import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import esbuild from "esbuild";
import appRouter from "next/dist/shared/lib/app-router-context.shared-runtime.js";
import hooks from "next/dist/shared/lib/hooks-client-context.shared-runtime.js";
import { createElement } from "react";
import { renderToString as renderReact } from "react-dom/server";
import * as svelte from "svelte/compiler";
import { render as renderSvelte } from "svelte/server";
import { createSSRApp } from "vue";
import * as vue from "vue/compiler-sfc";
import { renderToString as renderVue } from "vue/server-renderer";

const recipes = new URL("../recipes/", import.meta.url);

/** What the plugins of Vue and Svelte for bundlers do. @param {boolean} server */
const compilers = (server) => ({
  name: "compilers",
  setup(build) {
    build.onLoad({ filter: /\.vue$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const { descriptor } = vue.parse(source, { filename: path });
      const templateOptions = { ssr: server, ssrCssVars: [] };
      return { contents: vue.compileScript(descriptor, { id: "recipe", inlineTemplate: true, templateOptions }).content, loader: "ts" };
    });
    build.onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
      const { js } = svelte.compile(await readFile(path, "utf8"), { filename: path, generate: server ? "server" : "client" });
      return { contents: js.code, loader: "js" };
    });
  },
});

/** @param {string} recipe @param {boolean} server */
async function bundle(recipe, server) {
  const outdir = await mkdtemp(join(process.cwd(), "bundle-"));
  await esbuild.build({
    entryPoints: [new URL(recipe, recipes).pathname],
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    jsx: "automatic",
    platform: server ? "node" : "browser",
    conditions: server ? [] : ["browser"],
    external: server ? ["next", "react", "react-dom", "svelte", "vue"] : [],
    // Node.js needs the extension, which Next.js adds.
    alias: server ? { "next/navigation": "next/navigation.js" } : {},
    plugins: [compilers(server)],
    logLevel: "silent",
  });
  const [name] = recipe.split("/").at(-1).split(".");
  return join(outdir, `${name}.mjs`);
}

/** What Next.js provides around a page. */
function inNext(page) {
  const params = createElement(hooks.PathParamsContext.Provider, { value: {} }, page);
  return createElement(appRouter.AppRouterContext.Provider, { value: {} }, params);
}

const RECIPES = [
  ["react/Groups.tsx", ({ Groups }) => renderReact(createElement(Groups))],
  ["next/app/groups.tsx", ({ Groups }) => renderReact(inNext(createElement(Groups)))],
  ["vue/Groups.vue", ({ default: Groups }) => renderVue(createSSRApp(Groups))],
  ["svelte/Groups.svelte", ({ default: Groups }) => renderSvelte(Groups).body],
];

for (const [recipe, render] of RECIPES) {
  test(`${recipe} can be rendered on the server, without a browser`, async () => {
    const html = await render(await import(pathToFileURL(await bundle(recipe, true)).href));
    assert.match(html.replace(/<!--.*?-->/gu, ""), /<p>0 groups, offline<\/p>/u);
    assert.match(html, /<groups-sidebar [^>]*style="height:\s?32rem;\s?width:\s?20rem;?"[^>]*>.*<\/groups-sidebar>/u);
  });

  test(`${recipe} is a complete bundle for browsers`, async () => {
    const text = await readFile(await bundle(recipe, false), "utf8");
    assert.match(text, /define\("groups-sidebar"/u);
    assert.doesNotMatch(text, /^import /mu);
  });
}
