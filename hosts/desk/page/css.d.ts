/** esbuild takes style sheets out of the bundle, into one of their own. */
declare module "*.css";
