-- A bank, a shop and a clinic with keys that are texts, a timestamp, a decimal and NULLs: ../corpus/SCHEMA.md's rules on other
-- names. Integer arithmetic only, as there.
CREATE OR REPLACE MACRO mixa(i, s) AS ((i * 16807 + s * 48271) % 2147483647);
CREATE OR REPLACE MACRO mixb(a, s) AS ((a * a + 12345 * s) % 2147483647);
CREATE OR REPLACE MACRO rnd(i, s) AS
  ((mixb(mixa(i::BIGINT, s::BIGINT), s::BIGINT) * mixb(mixa(i::BIGINT, s::BIGINT), s::BIGINT) + mixa(i::BIGINT, s::BIGINT)) % 2147483647)::DOUBLE / 2147483647.0;
CREATE OR REPLACE TABLE accounts AS
SELECT ('C' || (100000 + i)::VARCHAR) AS client_no,
       CASE WHEN i BETWEEN 1 AND 5 THEN 'Sylt' ELSE ['Hamburg','Bremen','Kiel','Altona'][1 + floor(rnd(i,1) * 4)::INT] END AS branch,
       CASE WHEN rnd(i,2) < 0.03 THEN NULL WHEN i = 2024 THEN 'private' ELSE ['retail','youth','business'][1 + floor(rnd(i,3) * 3)::INT] END AS segment,
       (TIMESTAMP '2019-01-01 00:00:00' + to_hours(floor(rnd(i,4) * 24 * 1500)::INT)) AS opened_at,
       CASE WHEN i = 2024 THEN 4999999.99 ELSE round(-2000 + 60000 * rnd(i,5), 2)::DECIMAL(12,2) END::DECIMAL(12,2) AS balance,
       CASE WHEN i = 2024 THEN 850 ELSE 300 + floor(rnd(i,6) * 500)::INT END AS score,
       CASE WHEN rnd(i,7) < 0.05 THEN NULL ELSE rnd(i,8) < 0.04 END AS defaulted,
       'DE' || (10000000 + i * 7)::VARCHAR AS iban,
       CASE WHEN i = 2024 THEN 7 ELSE floor(rnd(i,9) * 4)::INT END AS products
FROM range(1, 4001) t(i);
CREATE OR REPLACE TABLE payments AS
SELECT (i * 10 + j)::BIGINT AS tx, 'C' || (100000 + i)::VARCHAR AS client,
       (DATE '2023-01-01' + floor(rnd(i * 10 + j, 11) * 730)::INT)::DATE AS booked,
       ['card','transfer','cash','direct debit'][1 + floor(rnd(i * 10 + j, 12) * 4)::INT] AS channel,
       CASE WHEN i = 2024 THEN 'Jewels & Co' WHEN rnd(i * 10 + j, 13) < 0.1 THEN NULL ELSE ['Grocer','Fuel','Travel','Pharmacy'][1 + floor(rnd(i * 10 + j, 13) * 4)::INT] END AS merchant_kind,
       round(1 + 900 * rnd(i * 10 + j, 14), 2) AS eur
FROM range(1, 4001) t(i), range(0, 5) u(j) WHERE j <= floor(5 * rnd(i,10));
CREATE OR REPLACE TABLE shoppers AS
SELECT 'C' || (100000 + i)::VARCHAR AS card, ['bronze','silver','gold'][1 + floor(rnd(i,20) * 3)::INT] AS tier,
       CASE WHEN i = 2024 THEN 99 ELSE floor(rnd(i,21) * 60)::INT END AS visits_a_year,
       round(2000 * rnd(i,22), 2) AS spend, rnd(i,23) < 0.3 AS newsletter, ['DE','AT','CH'][1 + floor(rnd(i,24) * 2.02)::INT] AS country
FROM range(1500, 5501) t(i);
CREATE OR REPLACE TABLE labs AS
SELECT 'C' || (100000 + i)::VARCHAR AS person, (DATE '2022-01-01' + floor(rnd(i * 10 + j, 31) * 1000)::INT)::DATE AS drawn,
       ['HbA1c','LDL','CRP'][1 + floor(rnd(i * 10 + j, 32) * 3)::INT] AS test,
       round(rnd(i * 10 + j, 33) * 15, 1) AS result, ['f','m','d'][1 + floor(rnd(i, 34) * 2.01)::INT] AS sex,
       1930 + floor(rnd(i, 35) * 75)::INT AS birth_year
FROM range(1, 3001) t(i), range(0, 3) u(j) WHERE j <= floor(3 * rnd(i,30));
CREATE OR REPLACE TABLE branch_facts AS SELECT * FROM (VALUES ('Hamburg','North',1841000),('Bremen','West',567000),('Kiel','North',247000),('Altona','North',275000),('Sylt','Island',18000)) v(branch, area, inhabitants);
CREATE OR REPLACE TABLE leads AS SELECT 'C' || (100000 + i)::VARCHAR AS lead_id, ['x','y'][1 + (i % 2)::INT] AS wave, (i % 7)::DOUBLE AS weight FROM range(2000, 2400) t(i);
