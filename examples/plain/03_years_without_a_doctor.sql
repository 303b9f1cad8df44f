SELECT health, COUNT(*), SUM(mdvis = 0)
FROM visits
GROUP BY 1 HAVING COUNT(DISTINCT person_id) >= 25
ORDER BY 1
