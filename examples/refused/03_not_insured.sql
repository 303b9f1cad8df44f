-- Who is a patient and not a member: that tells each owner about people who are not his.
SELECT v.health, COUNT(DISTINCT v.person_id) AS people
FROM visits v
WHERE v.person_id NOT IN (SELECT c.person_id FROM coverage c)
GROUP BY v.health
