SELECT coverage.coinsurance, COUNT(DISTINCT visits.person_id), AVG(visits.mdvis * 1.0)
FROM visits, coverage
WHERE visits.person_id = coverage.person_id AND coverage.plan IN ('free care', 'cost sharing')
GROUP BY 1 HAVING COUNT(DISTINCT visits.person_id) >= 25
ORDER BY 1
