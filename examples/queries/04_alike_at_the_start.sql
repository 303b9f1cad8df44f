-- Were the plans given out fairly? In the first year the groups should be alike in illness, not in payments.
SELECT c.plan,
       COUNT(DISTINCT v.person_id) AS people,
       AVG(v.disea) AS chronic_disease,
       AVG(c.incentive) AS incentive_paid
FROM visits v
JOIN coverage c ON v.person_id = c.person_id
WHERE v.year_no = 1
GROUP BY c.plan
ORDER BY c.plan
