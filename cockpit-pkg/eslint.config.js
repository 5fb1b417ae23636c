import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/* Which folders of src/ a folder may import from: those before it, and of the tabs only itself. */
const LAYERS = ["bridge", "words", "state", "parts"];
const TABS = ["vms", "backups", "files", "activity", "settings"];

function layerRule(folder, allowed) {
  const others = [...LAYERS, ...TABS, "app"].filter((name) => name !== folder && !allowed.includes(name));
  return {
    files: [`src/${folder}/**/*.{ts,tsx}`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: others.map((name) => `**/${name}/*`), message: "See src/README.md: this folder does not know that one." },
          ],
        },
      ],
    },
  };
}

export default tseslint.config(
  { ignores: ["dist/", "node_modules/"] },
  {
    files: ["src/**/*.{ts,tsx}", "test/**/*.{ts,tsx}"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { project: "./tsconfig.json", tsconfigRootDir: dirname(fileURLToPath(import.meta.url)) },
    },
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      eqeqeq: "error",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
  ...LAYERS.map((folder, index) => layerRule(folder, LAYERS.slice(0, index))),
  ...TABS.map((folder) => layerRule(folder, LAYERS)),
  {
    // node's runner itself waits for what test() returns.
    files: ["test/**"],
    rules: { "@typescript-eslint/no-floating-promises": "off", "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
