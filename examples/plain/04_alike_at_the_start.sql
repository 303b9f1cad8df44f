SELECT coverage.plan, COUNT(DISTINCT visits.person_id), AVG(visits.disea), AVG(coverage.incentive)
FROM visits, coverage
WHERE visits.person_id = coverage.person_id AND visits.year_no = 1
GROUP BY 1 HAVING COUNT(DISTINCT visits.person_id) >= 25
ORDER BY 1
