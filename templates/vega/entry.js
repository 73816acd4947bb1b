// What a compiled Vega-Lite chart of reportgen's needs, and no more; charts/ asserts that its specs need nothing else.
import { transforms } from "vega-dataflow";
import {
  aggregate, collect, compare, expression, extent, facet, field, filter, flatten, fold, formula, joinaggregate, key, lookup, multiextent, multivalues,
  params, prefacet, project, proxy, relay, sieve, subflow, tupleindex, values, window as rolling,
} from "vega-transforms";
import { bound, identifier, mark, overlap, render, viewlayout } from "vega-view-transforms";
import { axisticks, datajoin, encode, scale, sortitems, stack } from "vega-encode";
import { parse } from "vega-parser";
import { View } from "vega-view";
import { expressionInterpreter } from "vega-interpreter";

Object.assign(transforms, {
  aggregate, collect, compare, expression, extent, facet, field, filter, flatten, fold, formula, joinaggregate, key, lookup, multiextent, multivalues,
  params, prefacet, project, proxy, relay, sieve, subflow, tupleindex, values, window: rolling,
  bound, identifier, mark, overlap, render, viewlayout, axisticks, datajoin, encode, scale, sortitems, stack,
});

window.reportgenVega = { View, parse, expressionInterpreter };
