SELECT coverage.coinsurance, visits.health, COUNT(DISTINCT visits.person_id), AVG(visits.mdvis * 1.0)
FROM visits, coverage
WHERE visits.person_id = coverage.person_id AND coverage.plan IN ('free care', 'cost sharing')
  AND visits.disea >= 10
GROUP BY 1, 2 HAVING COUNT(DISTINCT visits.person_id) >= 25
ORDER BY 1, 2
