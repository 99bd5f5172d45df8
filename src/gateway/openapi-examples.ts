/** Requests for the example models, with their answers. All values are made up. */
import type { Example, Examples } from './openapi-builders.ts';

const TRANSACTION = {
  name: 'input',
  shape: [1, 30],
  datatype: 'FP32',
  data: [
    3600, -1.3, 0.2, 1.1, 0.4, -0.5, 0.1, 0.3, 0, -0.2, -0.4, 0.6, 0.5, -0.1, 0.2, 0.3, -0.6, 0.4, 0.1, -0.3,
    0, 0.1, 0.2, -0.1, 0.3, 0.2, -0.4, 0, 0.1, 24.99,
  ],
};

const PICTURE = {
  name: 'image',
  shape: [1, 1, 8, 8],
  datatype: 'FP32',
  data: [
    0, 0, 6, 14, 15, 8, 0, 0, 0, 3, 15, 7, 9, 16, 2, 0, 0, 0, 1, 0, 8, 15, 1, 0, 0, 0, 0, 9, 16, 6, 0, 0, 0,
    0, 0, 3, 11, 14, 2, 0, 0, 0, 0, 0, 0, 12, 10, 0, 0, 1, 12, 3, 4, 14, 9, 0, 0, 0, 7, 15, 16, 11, 1, 0,
  ],
};

const fraud: Example = {
  summary: 'Model fraud: one card transaction (time, 28 components, amount)',
  value: { id: 'transaction-1', inputs: [TRANSACTION] },
};

const fraudLabel: Example = {
  summary: 'Model fraud: the label alone',
  value: { inputs: [TRANSACTION], outputs: [{ name: 'label' }] },
};

const fraudBinary: Example = {
  summary: 'Model fraud: outputs in binary',
  value: { inputs: [TRANSACTION], parameters: { binary_data_output: true } },
};

const digits: Example = {
  summary: 'Model digits: a picture of a three, 8 by 8 grey values from 0 to 16',
  value: { inputs: [PICTURE] },
};

export const INFER_REQUESTS: Examples = { fraud, fraudLabel, fraudBinary, digits };

export const INFER_RESPONSES: Examples = {
  fraud: {
    summary: 'Model fraud: legitimate, and how likely it is the one or the other',
    value: {
      model_name: 'fraud',
      model_version: '1',
      id: 'transaction-1',
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [1], data: [0] },
        { name: 'probabilities', datatype: 'FP32', shape: [1, 2], data: [0.9916, 0.0084] },
      ],
    },
  },
};
