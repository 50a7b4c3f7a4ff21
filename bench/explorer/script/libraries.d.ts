// The vendored libraries, which the page loads as globals.
declare const d3: any;
declare const Plot: any;
