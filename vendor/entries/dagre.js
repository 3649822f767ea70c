// Layout only: dagre says where nodes and edges go, portal/static/portal/steps-graph.js draws them.
import { Graph, layout } from "@dagrejs/dagre";

export { Graph, layout };
