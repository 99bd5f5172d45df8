/** The two kinds of picture in the report, as SVG text: lines over what was varied, and bars beside each other. */

export { barChart } from './chart/bar-chart.ts';
export { lineChart } from './chart/line-chart.ts';
