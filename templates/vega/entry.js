// What a compiled Vega-Lite chart of reportgen's needs, and no more; charts/ asserts that its specs need nothing else.
import { transforms } from "vega-dataflow";
import * as data from "vega-transforms";
import { bound, identifier, mark, overlap, render, viewlayout } from "vega-view-transforms";
import { axisticks, datajoin, encode, scale, sortitems } from "vega-encode";
import { parse } from "vega-parser";
import { View } from "vega-view";
import { expressionInterpreter } from "vega-interpreter";

const {
  aggregate, collect, extent, facet, filter, formula, key, lookup, multiextent, multivalues, params,
  prefacet, project, proxy, relay, sieve, stack, subflow, tupleindex, values, window: rolling, joinaggregate, fold, flatten, field, expression, compare,
} = data;
Object.assign(transforms, Object.fromEntries(Object.entries({
  aggregate, collect, extent, facet, filter, formula, key, lookup, multiextent, multivalues, params,
  prefacet, project, proxy, relay, sieve, stack, subflow, tupleindex, values, window: rolling, joinaggregate, fold, flatten, field, expression, compare,
  bound, identifier, mark, overlap, render, viewlayout, axisticks, datajoin, encode, scale, sortitems,
}).filter(([, kind]) => kind)));

window.reportgenVega = { View, parse, expressionInterpreter };
