// The vendored libraries, which the page loads as globals.
declare const d3: any;
declare const Plot: any;

/** Takes changes of the state, and mostly draws again. */
type Change = (changes: Record<string, string>) => void;

// What the page knows, as bench/explorer/data.py makes it.
interface Metric { name: string; title: string; better: string; digits: number; scale: number }

/** Mean and half of its 95 % interval. */
type Pair = [number | null, number | null] | null;

interface Row {
  name: string; denoiser: string; kind: string; about: string; told: boolean; trained: string;
  low: number | null; high: number | null; seeds: number; parameters: number;
  scores: Record<string, Pair[]>; marks: number[]; rank: [number, number] | null; images: string | null;
  regret: ([number, number, number] | null)[] | null;
}

interface Grid {
  title: string; commands: string[]; noise: string; sigma: boolean; variances: number[]; images: number; metrics: Metric[];
  clean: string | null; shape: number[] | null; rows: Row[];
}

interface Data {
  study: string; answers: string[]; once: string[]; words: string[]; exercises: any[]; grids: Grid[]; ablations: any[];
  latency: { denoiser: string; pixels: number; seconds: number; device: string }[]; bibtex: string;
}
