/** The folder of the tests; run.mjs fills it in. */
declare const HERE: string;
