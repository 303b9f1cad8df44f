#pragma once

// Signatures of the text kSignedText and keys, made once with OpenSSL's command line; base64url. The private
// keys are gone. For tests.

namespace cloister::crypto {

inline constexpr const char* kSignedText = "signed by somebody else";

// Keys, as SubjectPublicKeyInfo.
inline constexpr const char* kRsaSpki =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArNWNTTd6xDgHtttxWrS0aB_SHiGB5E8PRFwLnIpmpesu3WbzfgAgbOI3"
    "PNMc6_N9DsCK_X6WjmvJ-Ca6AC2fszvLshC9GaKsx5u-XJo7xjgpjYk_98Px3LY0DZrQG0LAapaIojSJUF2YhDxPfBPLcP4ZWVYe"
    "Wb-hDMaNLy0ZIXEwq651DK0H_PGFRsxQOha0-5L9seg0PQWAMrebmRn0ItOpZ7b0pAa_j7JRyNDxJAA-YRa5044HxYZ_1S71bRXO"
    "f_yTiim1kjasEhp26Xex0yJnoGKm0m367j5lRbJRfa1981zqY1x7YxfvvADeb6QsSEfgf2GCy01LFMUlJdvzIwIDAQAB";
inline constexpr const char* kP256Spki =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELSRvBx8RG3qinYApIE6qAyH32bNgnkzL0viQ8KXrsP_tITCkeNRlEEN1_kEanrwy"
    "lzy76NDJInUYcGawdm5VaA";
inline constexpr const char* kP384Spki =
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEoL7TC7xacHPP_ELggCNNEe30R71BSWyJaWLeE4KXyiFGvwVo2FNX10W2_9e0EZqebcki"
    "kQEYVGKKK_YHbQ_j-4zBg9Ay8ZLeh5o6TkLb2qmCGzznZCbg1umwhdI3L7Gl";
inline constexpr const char* kP521Spki =
    "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAwLYob1AYtcj8Tbj4jqud_Vq66w0HIJZMrr1RD6SGwNKzNqEPEhAO5XRF_IoHV034"
    "yYSZjWA-JTjzuHI0E-hV-mwAy4ynN0HgHjD9FuIi3pMtYDR_Z-Xxw_OFb4TsSOxRNkAOMzjYQBPeipZoVkCExHjY7GqbUFfJbUB_"
    "xMni5yQUkCc";
inline constexpr const char* kEd25519Spki =
    "MCowBQYDK2VwAyEA3pOiIDlmNDliJyFbjVL1XnBG8kOvaOgCYeEwqJh6dcI";

// Signatures under them.
inline constexpr const char* kRs256 =
    "fmsviGrek4qcSImyfY4Nxz883EzinWIctXQm1tRupUI6ULFKrs755-16QQ_ka_Ct3y-ZIjkrCQv-eX48Dgzj4C891GU4J2JWwK3O"
    "N7hH59fUq9cOAxYoZiFbTGCINXd9nFwZV70I0mZx8aqkTtsfs9WddGzPOdcO7LUG6j8V0CuhvrkE6jt9U1H5s_oqAU5BI6kpIXo4"
    "LHIyIzCIENG4ukgmXHxCGb2VoPiIWRNSdsF7dLT-_q0e5AJub8sQQowLcMe3Y2qXgodj_ILRu21D-nsGnL5nr-y_q94_ooxk3_Zq"
    "6mPpg4lDj9lohoI92UR8c4ZkZLPbmVPLYAbC5-OsLg";
inline constexpr const char* kRs384 =
    "A-ycBs9GwziwU6UnJ9vHEa2i_48SwhmoCZjGRbVbxyMbAXvRqoMCZrhyEZa1IelfM7cdFLpMdHB_04orjIsK3vP1Gufz14wK1Jgj"
    "jwXeMaew7AbOeOwCVJu7j2o3DgKJnP5pW8lhEtTnOuTBW8DdXS864xM_zYfjeAjlseoSvedESiFvBTcqbRghQQf6pk0jJoNKvxpW"
    "a9TZXPLAgJ85FdOT9qdXbOsk9T0-xcTsnyp0FOyA488O1g99odNEAHxTkP0Lw9F_A3JPdBAsOxxlzCRvJPSMHY4HgY0R36WfTuCG"
    "II0f_GcsU3Khw0bq3N2Lta1zrSppaZXjDJtxYq85tA";
inline constexpr const char* kRs512 =
    "UYmjYiGxEFxKsqDGfSjYrjKvZDHyvM844lXwnFjUMStQchAJnyty72JPagskmJxZln4hNLo_eir_Ni1drn-vtUT0Gjwql57k0K2k"
    "vk2ZXurh1zFgTU5kFUhKqDTWgglwrHe9sK9k7rMMr4lZF3jGlxTamiyWj5qehgQDkKRlzNwxqpaki0-JU9U5HsLgkNOzhhWupNhn"
    "ebnuYCA6XX3kulE_jc2XET5BLuLYCD4fBlZJXqF6_ALHN-kuuHCwCMVcC2wTycwBoxnUVKJ9ySk7d70J7uFKPfEnsrqFWHPhb_l-"
    "MlyYZQQMZ6R8YgGe0hW3x8klcYeaDGCZHqmtKjd_gQ";
inline constexpr const char* kPs256 =
    "TXzzEImOXJEN0y6ZMbiJKcRA97K9YMpho4Zu3L2sm26pnj0oOjQGB-AgVk-X9lB2-HJ1RsIbhP-moqL9dUyrVTGCw2Z2_sGrr8fI"
    "vzZxEDbU1Qcj1r3WX6cGj5wcPfD4XVcAqnGzFTp_rTrbmWFck5qnB6nJuoPm5gwNWUdxIjaNgVCUIC86vefZ0VOYVN4QPvkeiF18"
    "v4uXV9x3uE7_5rT69IGci18K9tedfvGkQXhRnA9PlOawkN-2h_0XDIo-r0UMGobF5TjqElQIYi44vEgYOjenVuhZCEnityfhyDOG"
    "ryzixh-fKy0cQvH0Swk5OKPNpJgXsfxq5sT3cfisrg";
inline constexpr const char* kPs384 =
    "gAZI1SbXPpQbMy6GE7UWOU1n9JRnmk3h_PBVkKCg1VgFMJRv-n5DbZxLuOTyXcGsQTSmGmKf5r00tN5mE7N0idGQoh82Jb0nwLED"
    "2Smz_qk-rij1Yj2Mt9UWR_xF2-ku2o1OqMMxKc5ySt5nxSVt7Uud9vrwC3cjZf_duGB_7CK3vjiOXw1EQ64DrbS19rcOx00K0_0o"
    "ylU66mrofxME6JAHaoLR7ejY5BnFSevKoRIahvfxjBcFtTtohs3DcsGMSeFxKk1zZUyWgZNBP66pfT-2EXjfFaio9jojnQ03QvE0"
    "6UupYKkkePtKR6llufs-A9OHX2Aj619ohHBApd1xtw";
inline constexpr const char* kPs512 =
    "Bhhyzu8ZN3ERZ4WuM2L4Hr73HHnmHnBpyR5Ihk7yO4EZZnGUkyL6mWP4ThI4P5YCxkGLe0bdfOrjHSnaX52MvQA97asu7vd_yP4H"
    "vH5R-SxI3UoM_IZW3DZFH8gKUPnJO_Bj8NiJiKRmzB50SuFhm4DGeEJ-OqMVysFc4gWVqGQbnKO7Im2Nw_UGHoevVfmsAMmxpHOq"
    "GjSLPuEBI4vznVIvKE-U2rBForMDl4_Jm9Q7DqEFp9GUM3mj4LJd8KfNIvZZErTUc8pfYMpsTQO_yh157mfJaQP0PWf6uJCZZOnC"
    "KxYd2xnrIPOZJ-zSV_7pml1fIpY0EQlD7oIXomK2Uw";
inline constexpr const char* kPs256ShortSalt =
    "hydp7KN9pfqUBZ2UH4g-qrXmkA2jV2jYNlUZXkBSIFTS8CP9GF3Y_w8f3d1dkEKPqq6npqPOt-7ETRt1ZhWIP-wvqaLfjZVCoWcc"
    "MIywgXt45m8vxdPSjniBhDDulGZlYkSCU-KYH1Ymh4qi2uzcwiKSySXzqUa7oZ8sbUMDnE2V8BCLXR_dia2CBkkJNGzPMv1N1O66"
    "yGL2rWsG1F1GDzJ-RH4vLu5qPt7APzSoLpAHnPE92fZjlq3F_T6mDbR9LnhkjsDrEXzSje4as_jsDgarpSBltniqPMbc_Gxwptid"
    "TeeJQvvCrKI5_VtIvknKnTbkM7G82mwem5n3TLvPCQ";
inline constexpr const char* kEs256Der =
    "MEUCIQCrtygGO7i_aHnxw1DC6PmNghKDEvFZLMlwy3P4zW4fdQIgZH2vITfLObqT0FKLdYKMtM8Bdxr-Lejj0TgK1QJ27rE";
inline constexpr const char* kEs384Der =
    "MGUCMQDx-2963X4VdZNNxVq7Erm5rqJtGO5aEMe374BvOxh3cJP7fYizqe8pZEBEWYW9BmsCMEiDyeqamMHdyqJItQx7ySABkw1h"
    "a10XVGhcX0YxFu4h56_Vw6g2WZBoffQDbkVTOA";
inline constexpr const char* kEs512Der =
    "MIGIAkIBgis9PHikqTytxAT4-4mo3Bci1Wb7uF_djtZYXua9aAqryPRGbfidodXwtxmep65sGnTku4MF8YECqKZ8Nw2bXB8CQgFJ"
    "eS2tlbWYgVpHAF3AuSSWJHujjD3D104W8Nkqk-BAw1Fi_EYX52R5ValKJ0KYl5VXepYAGF-PkuW5UdeIpPtK6w";
inline constexpr const char* kEd =
    "bmseJQWdXUVKHYiPGuffySothIQIWEbynYZ9nCWvoPn6ONG5G7lAFfTpi-YJ83A5zswtuTP8eWas8ldAJnJSBg";

// Keys that are refused: other encodings of kP256Spki, and kinds and sizes that nobody should trust.
inline constexpr const char* kP256Compressed =
    "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACLSRvBx8RG3qinYApIE6qAyH32bNgnkzL0viQ8KXrsP8";
inline constexpr const char* kP256ExplicitCurve =
    "MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP____8AAAABAAAAAAAAAAAAAAAA________________MFsEIP__"
    "__8AAAABAAAAAAAAAAAAAAAA_______________8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw-J9JgSwMVAMSdNgiG5wST"
    "amZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li_hp_m47n60p8D54WK84zV2sxXs7LtkBo"
    "N79R9QIhAP____8AAAAA__________-85vqtpxeehPO5ysL8YyVRAgEBA0IABC0kbwcfERt6op2AKSBOqgMh99mzYJ5My9L4kPCl"
    "67D_7SEwpHjUZRBDdf5BGp68Mpc8u-jQySJ1GHBmsHZuVWg";
inline constexpr const char* kRsa1024Spki =
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCpMnS47-llhAOU8Igg1dCZiQsZCs5Ci5HCzqOkBi024tXrqkIecOybbWwRkZOf"
    "OBwTkg-7saqKSkIvtxxpYnOlcqvoNeRMA1GXeZECGxKDu0Ta07z2rxc7VigyiJWktNt3FqhVZrqGdm53BQahEWzYaaHEX5ozoGe4"
    "010zFHtwjwIDAQAB";
inline constexpr const char* kRsaPssSpki =
    "MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBANVbdl6clyZsx9xmbowfrcpxQNQ8eeTD0qkFuF0YrXvdAZoNfYZKJMwSccPL"
    "Ci4JpzTvKTI8S0H0pTJ89v6LiOCpEqQhbS1ZyoJ3VaJMhACkJW7njumWeSAgkMk2LB-gpQG-fAZn-TvGV2GFwcj_bF6nL7HMY4x_"
    "k6S7fj56ycZoWedp9r2AhjeDpP-q4yTlI8E9vPfD-WI8kaGRsBd7maaHmnpLw8QqlgYnHHqUEGLItaKnIubI0NyrBzY1Rmm-L-BQ"
    "aB5AkxwUphBSTuFLNIKpd82yJ6Wlt0diafeEbhgpqkFWrySECIJ41L9i9NDwp4NidwjLfWcfrqjuTiudqGMCAwEAAQ";
inline constexpr const char* kSecp256k1Spki =
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEU3qIx1O8Rc1aKTi25Npr0LkTaD4JifC4-il443RfRdbpDlQ1B8GJ34TY8XvCmhucoXz-"
    "LFZZ7eK_c9BehHW-5Q";
inline constexpr const char* kX25519Spki =
    "MCowBQYDK2VuAyEATA49TCcd3lmD-EaHUJaM1AMfGFmqGkLSv6vpncHodww";

// A modulus of 2048 bits that is a power of 65537 modulo every prime up to 167.
inline constexpr const char* kRocaModulus =
    "gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAdZEA7Ch_ztQm8BeB7Py2xU61grrDfkc7Iie1wRpdH3MGduRyyiIWKQcVpvNWYx"
    "hJeg1NYNP7QHb2APfmaU7VH0tHJq3P0ZgRxrwLIdkhpGLLCCcU2IBcqkgy99GrgfvkKuEhPOUBMArPNaJ3Toon1HCThvzzaPH-Qx"
    "QpHIv0oyLb8tH4sQtQVA0eQLt6iB0CEaXcMfsuVu3w";

}  // namespace cloister::crypto
