// A published KPI snapshot. Made from snapshot-1.json, which says more (patterns, formats); see TypesTests.

export interface Target {
  relation: ">=" | ">";
  value: number;
  unit: string;
}

export interface Result {
  /** null: over all time. */
  wave: string | null;
  /** Decided on unrounded values: confident means that the whole 95 % interval is on that side of the target. Absent where a reading is not decided on; reason says why. */
  verdict?: "met_confident" | "met_point" | "not_met_point" | "not_met_confident" | "insufficient" | "unattainable";
  /** Why it is insufficient or unattainable, or why there is no verdict; or how little a verdict rests on. */
  reason?: string;
  /** The same for programs; absent where there is a verdict. */
  reasonCode?: ReasonCode;
  milestone?: {
    status: "not_started" | "in_progress" | "draft" | "delivered" | "in_use";
    /** Since when it has this status. */
    on: string;
    /** Address of what shows it. */
    evidence?: string;
    /** Internal only: SHA-256 of a document that shows it. */
    document?: string;
    /** Internal only. */
    approvedBy?: string;
    planned?: string;
    counts?: Record<string, number>;
  };
  /** Hash of the question's wording the figures are of, where a survey tool tells it. */
  wording?: string;
  /** This wave cannot be compared with the one before: do not join them by a line. */
  trendBreak?: {
    /** wording_changed: the question was asked in other words. */
    reason: "wording_changed";
    /** The wave before. */
    wave: string;
  };
  /** Valid answers to the same question in other words, which no figure here counts. */
  heldApart?: {
    /** Public: rounded, and left out where they are too few to tell. */
    respondents?: number;
    /** Internal only: when the first was submitted. */
    since?: string;
  };
  /** Versions of the instruments that the answers were mapped by when these figures were issued, by id; absent where it rests on no answers. */
  instruments?: Record<string, number>;
  figures: Figure[];
  /** What moved this result since the document before (public: since its wave's figures were issued before). Absent where it is as it was, or new. */
  changes?: Mover[];
}

export interface Mover {
  /** instrument: answers are mapped otherwise. register: schools, engagements, links or networks. related_reading: nothing it rests on itself, but a reading it is adjusted or joined with. */
  cause: "late_data" | "revision" | "erasure" | "instrument" | "file_added" | "file_corrected" | "file_withdrawn" | "register" | "wave" | "milestone" | "catalogue" | "method" | "disclosure_policy" | "related_reading";
  /** Responses (late_data, revision, erasure, instrument), files or revisions; public: responses are rounded, and left out where they are too few to tell. */
  count?: number;
  /** Internal only: which file, instrument or part of the register. */
  what?: string;
  /** The wave whose evidence moved, where it is another than the result's. */
  wave?: string;
}

export interface Provenance {
  /** Version and the beginning of its hash. */
  catalogue: string;
  /** Version of the formulas. */
  method: string;
  /** Beginning of the hash of the disclosure policy. */
  policy: string;
  /** Version of each of its files. */
  register: Record<string, string>;
  /** Versions by collection and id. */
  instruments: Record<string, Record<string, number>>;
  /** First and last day of fieldwork by id. */
  waves: Record<string, string>;
  /** Revisions by id. */
  milestones: Record<string, number>;
  supplies: {
    collection: string;
    wave: string;
    /** webhooks, or supplier and instrument of a poll file. */
    source: string;
    /** Of the poll file. */
    version?: string;
    /** People in the sample. */
    respondents: number;
    /** Versions of those that map it, by id. */
    instruments: Record<string, number>;
    /** What webhooks brought and took since the collection began. */
    moved?: {
      arrived: number;
      /** Other answers of a known response count. */
      revised: number;
      erased: number;
      /** A new version of the instrument makes something else of the answers. */
      recoded: number;
    };
  }[];
}

export type ReasonCode = "no-data" | "not-asked" | "not-reported" | "list-not-imported" | "too-few-respondents" | "too-few-schools" | "too-few-organisations" | "dominance" | "interval-too-wide" | "protected" | "part-withheld" | "part-undecided" | "internal-only" | "no-ratio" | "not-computable" | "start-too-high" | "too-few-changes" | "schools-unknown" | "sources-differ" | "not-decided";

export type Band = "<0.001" | "<0.01" | "<0.05" | ">=0.05";

export interface Figure {
  name: "engaged" | "wider" | "difference" | "rao-scott" | "wider-standardised" | "difference-standardised" | "mix-leader" | "mix-senco" | "mix-leader+senco" | "mix-teacher" | "mix-other" | "published-2016" | "published-2016-assumed" | "since-previous" | "trend" | "engaged-mean" | "wider-mean" | "difference-of-means" | "pre" | "post" | "change" | "against-target" | "pairs" | "mcnemar-clustered" | "mcnemar-exact" | "signed-rank-clustered" | "mean-change" | "unmatched-pre" | "unmatched-post" | "stayers-pre" | "leavers-pre" | "organisations" | "rose" | "unchanged" | "fell" | "median-change" | "signed-rank" | "sign-test" | "count" | "responses" | "schools";
  /** %, pp (percentage points) or what is counted. */
  unit: string;
  value?: number;
  /** Lower limit of the 95 % interval. */
  lower?: number;
  /** Upper limit of the 95 % interval. */
  upper?: number;
  /** Respondents with a valid answer, unweighted; public: rounded. */
  base?: number;
  /** Schools they are from; public: rounded. */
  schools?: number;
  /** Two-sided p-value as a band. */
  p?: Band;
  /** The tests it is read together with. */
  family?: string;
  /** The same, adjusted for the family (Holm). */
  holmP?: Band;
  /** The same, adjusted for the family (Benjamini and Hochberg). */
  discoveryP?: Band;
  /** Of a published figure whose base is assumed. */
  assumedDesignEffect?: number;
  method?: string;
  source?: string;
  /** In place of numbers. c: withheld to protect people; u: too unreliable; x: no data; z: there is no such number. */
  symbol?: "c" | "u" | "x" | "z";
  /** Why there is a symbol. */
  reason?: string;
  /** The same for programs. */
  reasonCode?: ReasonCode;
  marks?: ("small_base" | "under_5" | "over_95" | "depends_on_rounding" | "indicative" | "assumed_base")[];
  /** Internal only. */
  standardError?: number;
  /** Internal only. */
  degreesOfFreedom?: number;
  /** Internal only. */
  effectiveSize?: number;
  /** Internal only. */
  designEffect?: number;
  /** Internal only. */
  sumOfWeights?: number;
  /** Internal only: the largest school's share of the weight. */
  largestShare?: number;
  /** Internal only. */
  pValue?: number;
  /** Internal only. */
  holmPValue?: number;
  /** Internal only. */
  discoveryPValue?: number;
  /** Internal only: what it mixes at fixed parts, each by itself; source names its roles. */
  parts?: Figure[];
}

export interface Snapshot {
  schema: "schema/snapshot-1.json";
  audience: "internal" | "public";
  /** Id of the document before this one. */
  previous?: string;
  programme: string;
  /** Version of the KPI catalogue. */
  catalogue: string;
  /** Internal: SHA-256 over everything the evaluation read. */
  inputs?: string;
  waves: {
    id: string;
    title: string;
    /** First day of fieldwork. */
    from: string;
    /** Last day of fieldwork. */
    to: string;
    closed: boolean;
    /** Schools in the sampling frame. */
    frame?: number;
    /** People invited. */
    invited?: number;
  }[];
  /** What is known to be wrong in documents published before this one, newest first; absent where nothing is. */
  errata?: {
    id: string;
    /** When it was found. */
    on: string;
    /** What was wrong and what holds instead. */
    text: string;
    /** Ids of the documents it concerns. */
    snapshots: string[];
    /** What of them; all KPIs when absent. */
    kpis?: string[];
    /** In which wave; every one when absent. */
    wave?: string;
  }[];
  /** Internal only: what the evidence was made of. */
  evidence?: Provenance;
  kpis: {
    id: string;
    kind: "strategic" | "reach" | "key-area" | "outcome-examples" | "operational";
    title: string;
    /** The programme's exact words. */
    wording: string;
    /** The programme's words on how it is measured. */
    measured: string;
    population: string;
    /** Strand of an operational KPI. */
    strand?: string;
    /** The KPI it repeats word for word: shown once as such, counted never. */
    duplicateOf?: string;
    /** Absent where the programme names no number. */
    target?: Target;
    targetWording: string;
    comparators: string[];
    /** What the wording leaves open, and what was decided. */
    notes: string[];
    readings: {
      id: string;
      title: string;
      /** One reading of a KPI decides; the others explain. */
      primary: boolean;
      /** Where it differs from the KPI's. */
      target?: Target;
      results: Result[];
    }[];
  }[];
}
