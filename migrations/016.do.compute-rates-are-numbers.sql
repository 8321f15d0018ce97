-- numeric has a value that is no number, NaN, and counts it as more than every number: "rate_per_hour >= 0" lets it in,
-- and every session of its tier would then be FINAL at a cost of NaN, and so would every sum.
-- Sessions costed so already: select id from execution.lab_sessions where cost_amount = 'NaN'.

alter table execution.compute_rates
  add constraint compute_rates_rate_per_hour_number_check check (rate_per_hour <> 'NaN');
